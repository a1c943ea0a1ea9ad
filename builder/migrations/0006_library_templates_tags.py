import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('builder', '0005_case_index'),
    ]

    operations = [
        migrations.CreateModel(
            name='CaseTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('content', models.JSONField()),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='case_templates', to='builder.department')),
            ],
            options={
                'ordering': ('name',),
                'constraints': [models.UniqueConstraint(fields=('department', 'name'), name='template_name_in_department')],
            },
        ),
        migrations.CreateModel(
            name='DepartmentTag',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tag', models.CharField(max_length=100, verbose_name='tag')),
                ('department', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tags', to='builder.department')),
            ],
            options={
                'ordering': ('tag',),
                'constraints': [models.UniqueConstraint(fields=('department', 'tag'), name='tag_once_in_department')],
            },
        ),
        migrations.CreateModel(
            name='LibraryCriterion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('criterion', models.TextField()),
                ('points', models.FloatField()),
                ('tags', models.JSONField(default=list)),
                ('red_line', models.BooleanField(default=False)),
                ('guideline', models.CharField(blank=True, max_length=300)),
                ('jurisdiction', models.CharField(blank=True, max_length=100)),
                ('is_consensus', models.BooleanField(default=False)),
                ('is_retired', models.BooleanField(default=False)),
                ('text_hash', models.CharField(max_length=64)),
                ('tokens', models.TextField(blank=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('department', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='library', to='builder.department')),
            ],
            options={
                'ordering': ('pk',),
                'constraints': [models.UniqueConstraint(fields=('department', 'text_hash'), name='library_once_per_department'), models.UniqueConstraint(condition=models.Q(('department__isnull', True)), fields=('text_hash',), name='library_once_in_organization'), models.CheckConstraint(condition=models.Q(('points', 0), _negated=True), name='library_points_not_zero')],
            },
        ),
    ]
